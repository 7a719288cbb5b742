using System.Text.RegularExpressions;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.RealFaults;

/// <summary>
/// A network that loses packets and takes its time: that of a namespace of its own, with a queue (tc(8)) in front of it.
/// Where the kernel has no such queue, or nobody may make a namespace, the test is skipped.
/// </summary>
public partial class BadNetworkTests
{
    private const int Refused = 77;

    // In the namespace.
    private const string Script =
        """
        tc -V >/dev/null && ip link set lo mtu 1500 up && tc qdisc add dev lo root $QUEUE || exit 77
        "$@" || exit
        tc -s qdisc show dev lo
        """;

    public static TheoryData<IoBackendKind, string> Everything
    {
        get
        {
            var data = new TheoryData<IoBackendKind, string>();
            foreach (IoBackendKind kind in Backends.Kinds)
            {
                data.Add(kind, "netem delay 1ms loss 1%");
                data.Add(kind, "tbf rate 400mbit burst 16kb limit 48kb"); // what does not fit into it is lost
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Everything))]
    public void What_arrives_is_what_was_sent(IoBackendKind kind, string queue)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "network namespaces are Linux's");
        using ChildProgram child = ChildProgram.StartByShell(
            $"export QUEUE='{queue}'; exec unshare -rn bash -c '{Script}' bash \"$@\"",
            "Asyncore.Tests.Child", "transfer", $"{kind}", "forward", $"{4 << 20}");
        (int status, string output, string errors) = child.WaitForExit();
        bool isRefused = status == Refused || errors.Contains("unshare: ", StringComparison.Ordinal);
        Assert.SkipWhen(isRefused, $"not to be had here: {errors}");
        Assert.True(status == 0, errors);
        string[] lines = output.Split('\n');
        Assert.StartsWith("sent ", lines[0], StringComparison.Ordinal);
        Assert.Equal(lines[0]["sent ".Length..], lines[1]["back ".Length..]);
        Assert.Matches(Lost(), output);
    }

    [GeneratedRegex(@"dropped [1-9]")]
    private static partial Regex Lost();
}
