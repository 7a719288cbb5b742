namespace Asyncore.Cli;

/// <summary>
/// A file that is there when it is whole, and not before: it is written under another name in the same folder and
/// renamed at the end, and removed where there is no such end.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private readonly string _path;
    private readonly string? _temporary;
    private bool _complete;

    /// <exception cref="IOException">The folder is not there, or cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written to.</exception>
    public OutputFile(string path)
    {
        // A link stays a link to the new contents; a device is written to, never replaced.
        bool isLink = new FileInfo(path).LinkTarget is not null;
        _path = isLink ? File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName : Path.GetFullPath(path);
        if (Directory.Exists(_path))
        {
            throw new CommandFailedException($"{path} is a folder");
        }

        bool isShared = _path.StartsWith("/dev/shm/", StringComparison.Ordinal); // files like others, in memory
        if (_path.StartsWith("/dev/", StringComparison.Ordinal) && !isShared)
        {
            Stream = new FileStream(_path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
            return;
        }

        _temporary = Path.Combine(
            Path.GetDirectoryName(_path)!, $".{Path.GetFileName(_path)}.{Path.GetRandomFileName()}.part");
        Stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
    }

    public Stream Stream { get; }

    /// <summary>Everything has been written: the file appears under its name.</summary>
    public void Complete()
    {
        Stream.Dispose();
        if (_temporary is not null)
        {
            File.Move(_temporary, _path, overwrite: true);
        }

        _complete = true;
    }

    public void Dispose()
    {
        Stream.Dispose();
        if (!_complete && _temporary is not null)
        {
            File.Delete(_temporary);
        }
    }
}
