using System.Reflection;
using System.Runtime.CompilerServices;
using Asyncore.Forwarding;
using Asyncore.Protocols;
using Asyncore.Testing;
using Xunit;

namespace Asyncore.Tests.Api;

public class PublicApiTests
{
    public static TheoryData<string> Assemblies => ["Asyncore", "Asyncore.Forwarding", "Asyncore.Protocols", "Asyncore.Testing"];

    /// <summary>The lists are in docs/api; ASYNCORE_ACCEPT_API=1 writes them anew.</summary>
    [Theory, MemberData(nameof(Assemblies))]
    public void IsWhatTheCommittedListSays(string name)
    {
        Assembly assembly = name switch
        {
            "Asyncore" => typeof(EventLoop).Assembly,
            "Asyncore.Forwarding" => typeof(ForwardService).Assembly,
            "Asyncore.Testing" => typeof(SimulatedNetwork).Assembly,
            _ => typeof(EchoServer).Assembly,
        };
        string path = Path.Combine(Root(), "docs", "api", name + ".txt");
        string actual = PublicApi.Describe(assembly);
        if (Environment.GetEnvironmentVariable("ASYNCORE_ACCEPT_API") == "1")
        {
            File.WriteAllText(path, actual);
        }

        Assert.Equal(File.ReadAllText(path), actual);
    }

    private static string Root([CallerFilePath] string file = "")
    {
        // A deterministic build may have mapped the path; then the sources are found from where the tests run.
        string? folder = File.Exists(file) ? Path.GetDirectoryName(file) : AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Asyncore.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The repository's root was not found.");
    }
}
