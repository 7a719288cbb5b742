using System.Globalization;

/// <summary>
/// A folder of messages, a file each. Whoever looks into it sees whole messages only: one is written under a name that
/// nobody looks at, flushed to the disk, and renamed.
/// </summary>
internal sealed class MessageFolder
{
    private const string Hidden = ".astm-";

    private readonly string _path;
    private readonly TimeProvider _clock;
    private int _count;

    /// <summary>Makes the folder, unless it is there.</summary>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder cannot be made.</exception>
    public MessageFolder(string path, TimeProvider? clock = null)
    {
        _path = Directory.CreateDirectory(path).FullName;
        _clock = clock ?? TimeProvider.System;

        // Left by one that was killed while it wrote. Should it be another receiver's at work in the same folder, then
        // that one fails to rename it, refuses the frame, and is sent it again.
        foreach (string left in Directory.EnumerateFiles(_path, $"{Hidden}*"))
        {
            File.Delete(left);
        }
    }

    /// <summary>Stores a message. It is safe once this returns.</summary>
    /// <returns>The file's name: names sort in the order in which messages came.</returns>
    /// <exception cref="IOException">It could not be stored, and nothing is left of it.</exception>
    /// <exception cref="UnauthorizedAccessException">It could not be stored, and nothing is left of it.</exception>
    public string Store(ReadOnlySpan<byte> message)
    {
        string hidden = Path.Combine(_path, $"{Hidden}{Guid.NewGuid():N}");
        try
        {
            using (var file = new FileStream(hidden, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(message);
                file.Flush(flushToDisk: true);
            }

            return Show(hidden);
        }
        catch
        {
            File.Delete(hidden);
            throw;
        }
    }

    private string Show(string hidden)
    {
        while (true)
        {
            _count++;
            string name = string.Create(
                CultureInfo.InvariantCulture, $"{_clock.GetUtcNow():yyyyMMdd'T'HHmmss}-{_count:D6}.astm");
            string path = Path.Combine(_path, name);
            try
            {
                File.Move(hidden, path); // within a folder: at once, or not at all
                return name;
            }
            catch (IOException) when (File.Exists(path))
            {
                // Another receiver's, in the same folder and second: the next number.
            }
        }
    }
}
