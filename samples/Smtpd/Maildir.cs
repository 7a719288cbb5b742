using System.Globalization;
using System.Net;

/// <summary>
/// A maildir: a message is written in <c>tmp</c> and then moved to <c>new</c>, so that whoever looks there sees whole
/// messages only.
/// </summary>
internal class Maildir
{
    private readonly string _unfinished;
    private readonly string _finished;
    private readonly string _host = Dns.GetHostName().Replace("/", @"\057").Replace(":", @"\072");
    private int _count;

    /// <summary>Uses a folder, and makes what is missing of it.</summary>
    public Maildir(string path)
    {
        _unfinished = Directory.CreateDirectory(Path.Combine(path, "tmp")).FullName;
        _finished = Directory.CreateDirectory(Path.Combine(path, "new")).FullName;
        Directory.CreateDirectory(Path.Combine(path, "cur"));
    }

    /// <summary>Stores a message. When this returns it is on the disk, and its sender may forget it.</summary>
    /// <returns>The name of its file.</returns>
    /// <exception cref="IOException">It cannot be stored; nothing is left of it.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public string Store(ReadOnlySpan<byte> message)
    {
        string name = NextName();
        string unfinished = Path.Combine(_unfinished, name);
        var file = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
        try
        {
            using (file)
            {
                file.Write(message);
                file.Flush(flushToDisk: true);
            }

            File.Move(unfinished, Path.Combine(_finished, name));
            return name;
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }

    // Unlike any other name: of this moment, of this process, of this message (https://cr.yp.to/proto/maildir.html).
    private string NextName()
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        long micros = now.Ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{now.ToUnixTimeSeconds()}.M{micros}P{Environment.ProcessId}Q{++_count}.{_host}");
    }
}
