using System.Text;
using BenchmarkDotNet.Attributes;

namespace Asyncore.MicroBench;

/// <summary>64 KiB of lines of 64 bytes, cut by a chat that does nothing with them; per line.</summary>
public class TerminatorBenchmarks
{
    private const int LineLength = 64;
    private const int Lines = 64 * 1024 / LineLength;

    private readonly EventLoop _loop = new();
    private byte[] _stream = [];
    private Cutter _chat = null!;

    [Params("1 byte", "2 bytes", "5 bytes", "3 terminators")]
    public string Terminator { get; set; } = string.Empty;

    [GlobalSetup]
    public void SetUp()
    {
        string[] terminators = Terminator switch
        {
            "1 byte" => ["\n"],
            "2 bytes" => ["\r\n"],
            "5 bytes" => ["\r\n.\r\n"],
            _ => ["\r\n", "\n", "\0"],
        };
        string line = new string('x', LineLength - terminators[0].Length) + terminators[0];
        _stream = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(line, Lines)));
        _chat = new Cutter(_loop);
        _chat.SetTerminators(terminators);
        _chat.Pull(_stream);
        if (_chat.Found != Lines)
        {
            throw new InvalidOperationException($"{_chat.Found} lines were found of {Lines}.");
        }
    }

    [GlobalCleanup]
    public void Close() => _loop.Dispose();

    [Benchmark(OperationsPerInvoke = Lines)]
    public int Cut()
    {
        _chat.Pull(_stream);
        return _chat.Found;
    }

    // Protected internal in here, as this program sees the library's internals.
    private sealed class Cutter(EventLoop loop) : AsyncChat(null, loop)
    {
        public int Found { get; private set; }

        protected internal override void CollectIncomingData(ReadOnlySpan<byte> data)
        {
        }

        protected internal override void FoundTerminator() => Found++;
    }
}
