using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Samples;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Interop;

/// <summary>The sample AstmLink and a peer that was written without it, in both directions.</summary>
public sealed class AstmPythonTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("asyncore-astm-");

    // The last ends as a rough receiver waits for.
    private static readonly string[] _messages =
    [
        "H|\\^&\rL|1\r", string.Concat(Enumerable.Repeat("R|1|x\r", 500)), string.Empty, "H|\\^&\rP|1\rL|1|N\r",
    ];

    [Theory]
    [InlineData("plain")]
    [InlineData("rough")]
    public void Our_receiver_understands_its_sender(string how)
    {
        string received = Path.Combine(_folder.FullName, "received");
        string[] files = Files();
        string python = Programs.Python;
        Assert.NotEmpty(python); // skipped before the receiver starts
        using var receiver = ChildProgram.Start("AstmLink", "receive", "--listen", "127.0.0.1:0", "--folder", received);
        using Peer sender = PythonPeer.Start("astm_peer", ["send", receiver.ReadAddress().ToString(), how, .. files]);
        Assert.Empty(sender.WaitForText());
        string log = receiver.Stop();
        Assert.Equal(how == "rough", log.Contains("its checksum is another", StringComparison.Ordinal));
        Assert.Equal(_messages, AstmFolderTests.Messages(received));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("rough")]
    public void Its_receiver_understands_our_sender(string how)
    {
        EndPoint where = Backends.AnyAddress(AddressFamily.InterNetwork);
        using Peer receiver = PythonPeer.Start("astm_peer", "receive", where.ToString()!, how);
        string address = receiver.ReadAddress(AddressFamily.InterNetwork, where).ToString()!;
        using var sender = ChildProgram.Start("AstmLink", ["send", address, .. Files()]);
        Assert.Equal((0, string.Empty, string.Empty), sender.WaitForExit());
        string expected = string.Concat(_messages.Select(each => $"b'{Escape(each)}'\n"));
        Assert.Equal(expected, receiver.WaitForText().Split('\n', 2)[1]); // behind the line that says where it listens
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string Escape(string text) => text
        .Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\r", "\\r", StringComparison.Ordinal);

    private string[] Files() => [.. _messages.Select((message, i) =>
    {
        string path = Path.Combine(_folder.FullName, $"{i}.txt");
        File.WriteAllText(path, message);
        return path;
    })];
}
