using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Xunit;

namespace Asyncore.Tests.Interop;

/// <summary>
/// Where the programs are that these tests need. One that is missing skips the test, which says so; with
/// ASYNCORE_REQUIRE_INTEROP=1, as in <c>.ci/run</c>, it fails it.
/// </summary>
internal static class Programs
{
    private const string Required = "ASYNCORE_REQUIRE_INTEROP";

    private static readonly string[] _streamModules =
        ["/usr/lib/nginx/modules/ngx_stream_module.so", "/usr/lib64/nginx/modules/ngx_stream_module.so"];

    private static readonly ConcurrentDictionary<string, bool> _told = new();
    private static readonly Lazy<string?> _python = new(FindPython);
    private static readonly Lazy<string?> _netcat = new(FindNetcat);

    public static string Curl => Require("curl", Find("curl"));

    public static string Nginx => Require("nginx", Find("nginx"));

    public static string HaProxy => Require("HAProxy", Find("haproxy"));

    /// <summary>nginx, and its module for TCP connections.</summary>
    public static (string Program, string Module) NginxStream =>
        (Nginx, Require("nginx's stream module", _streamModules.FirstOrDefault(File.Exists)));

    public static string Socat => Require("socat", Find("socat"));

    public static string Swaks => Require("swaks", Find("swaks"));

    /// <summary>OpenBSD's netcat, which has Unix sockets and ends its side when its input has ended (-N).</summary>
    public static string Netcat => Require("OpenBSD's netcat", _netcat.Value);

    /// <summary>A Python that still has asyncore: before 3.12.</summary>
    public static string Python => Require("a Python 3 that has asyncore (3.11 or older)", _python.Value);

    /// <summary>Any Python 3.</summary>
    public static string AnyPython => Require("Python 3", Find("python3"));

    private static string Require(string what, string? path)
    {
        if (path is not null)
        {
            return path;
        }

        string reason = $"needs {what}, which is not installed here";
        Assert.False(Environment.GetEnvironmentVariable(Required) == "1", $"{reason}, though {Required} is set");
        if (_told.TryAdd(what, true))
        {
            Console.WriteLine($"Tests are skipped that need {what}, which is not installed here.");
        }

        Assert.Skip(reason);
        throw new UnreachableException();
    }

    private static IEnumerable<string> FindAll(params string[] names)
    {
        // Servers are in sbin, which is not on everybody's PATH.
        string path = Environment.GetEnvironmentVariable("PATH") ?? string.Empty;
        string[] folders = [.. path.Split(':'), "/usr/sbin", "/usr/local/sbin"];
        return names.SelectMany(name => folders, (name, folder) => Path.Combine(folder, name)).Where(File.Exists);
    }

    private static string? Find(string name) => FindAll(name).FirstOrDefault();

    private static string? FindPython() =>
        FindAll("python3", "python3.11", "python3.10", "python3.9").FirstOrDefault(path => Says(path, "True", "-W",
            "ignore", "-c", "import asyncore; print(hasattr(asyncore, 'dispatcher'))"));

    private static string? FindNetcat() => FindAll("nc", "nc.openbsd").FirstOrDefault(path => Says(path, "-N", "-h"));

    private static bool Says(string program, string what, params string[] arguments)
    {
        using Peer peer = Peer.Start(program, arguments);
        peer.Feed();
        return (Text(peer.Output) + Text(peer.Errors)).Contains(what, StringComparison.Ordinal);

        static string Text(PeerOutput output) => Encoding.Latin1.GetString(output.Whole.Result);
    }
}
