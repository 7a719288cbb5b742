using System.Globalization;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>
/// The garbage collector at work all the time, in a process of its own: it compacts everything after every 256 KiB that
/// have come back, large objects too, and its youngest generation is as small as can be. (DOTNET_GCStress is part of
/// checked builds of the runtime alone.)
/// </summary>
public class CollectionTests
{
    private const int Length = 50 << 20;
    private const int Compactions = Length / (256 * 1024) / 2; // at the least: pieces do not end there
    private const string SmallGeneration = "export DOTNET_GCgen0size=0x10000 DOTNET_gcServer=0; exec \"$@\"";

    public static TheoryData<IoBackendKind, string> Everything
    {
        get
        {
            var data = new TheoryData<IoBackendKind, string>();
            foreach (IoBackendKind kind in Backends.Kinds)
            {
                Array.ForEach(["echo", "chat", "forward"], form => data.Add(kind, form));
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Everything))]
    public void Nothing_is_moved_away_from_under_the_kernel(IoBackendKind kind, string form)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "a Linux shell sets the collector up");
        using ChildProgram child = ChildProgram.StartByShell(
            SmallGeneration, "Asyncore.Tests.Child", "transfer", $"{kind}", form, $"{Length}", "collect");
        string sent = child.ReadLine();
        Assert.StartsWith("sent ", sent, StringComparison.Ordinal);
        Assert.Equal(sent["sent ".Length..], child.ReadLine()["back ".Length..]);
        int[] collections = [.. child.ReadLine().Split(' ')[1..].Select(each => int.Parse(each, CultureInfo.InvariantCulture))];
        Assert.InRange(collections[1], Compactions, int.MaxValue);
        Assert.Equal((0, string.Empty, string.Empty), child.WaitForExit());
    }
}
