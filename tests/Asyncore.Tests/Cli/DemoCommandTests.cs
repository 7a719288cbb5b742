using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Cli;

public class DemoCommandTests
{
    public static TheoryData<string> BackendNames => ServerCommandTests.BackendNames;

    [Theory, MemberData(nameof(BackendNames))]
    public async Task Every_program_is_run_and_checked(string backend)
    {
        ToolResult result = await ToolProcess.Run("demo", "--backend", backend);
        Assert.Equal(0, result.Status);
        Assert.Empty(result.Errors);
        foreach (string program in new[] { "echo", "time", "http", "forward" })
        {
            Assert.Matches($@"(?m)^\s+ok\s+{program}\s", result.Output);
        }

        Assert.Contains("4 of 4 passed", result.Output, StringComparison.Ordinal);
    }
}
