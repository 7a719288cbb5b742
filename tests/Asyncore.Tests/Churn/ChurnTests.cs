using Asyncore.Tests.Support;
using Asyncore.Tests.Uring;
using Xunit;

namespace Asyncore.Tests.Churn;

/// <summary>
/// Crowds of clients that come, talk, break off and go, by real sockets: what <c>tests/soak real</c> does for half an hour.
/// </summary>
[Collection(nameof(Alone))]
public class ChurnTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(1);

    [Theory, MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void After_two_thousand_connections_everything_is_as_it_was(IoBackendKind kind)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "descriptors are counted as Linux shows them");
        using var scene = new ChurnScene(kind, ChurnScene.SiteNames, _patience);
        scene.Begin(100); // what is made once, and kept
        Assert.Empty(scene.End());
        int descriptors = scene.Descriptors;

        scene.Begin(1000);
        Assert.Empty(scene.End());
        Assert.InRange(scene.Descriptors, 0, descriptors); // fewer where something of an earlier test's was finalized
        Assert.Equal(2200, scene.Visits);
        Assert.InRange(scene.Faults, 200, 2200);
    }
}
