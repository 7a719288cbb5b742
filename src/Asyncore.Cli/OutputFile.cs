namespace Asyncore.Cli;

/// <summary>
/// A file that is there when it is whole, and not before: it is written under another name in the same folder and
/// renamed at the end, and removed where there is no such end. What is no file is written to as it is.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private readonly OutputTarget _target;
    private string? _temporary;
    private Stream? _stream;

    /// <summary>Opens what is written to as it is, which for a FIFO waits until somebody reads.</summary>
    /// <exception cref="IOException">It cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written to.</exception>
    /// <exception cref="CommandFailedException">It is a folder, or a descriptor that is not open.</exception>
    public OutputFile(string name)
    {
        _target = OutputTarget.Find(name);
        _stream = _target.Kind switch
        {
            OutputKind.Folder => throw new CommandFailedException($"{name} is a folder"),
            OutputKind.Descriptor => StandardStreams.Open(_target.Descriptor, name),
            OutputKind.Special => new FileStream(
                _target.Path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0),
            _ => null,
        };
    }

    /// <summary>What to write to. The other file is made when this is first asked for.</summary>
    /// <exception cref="IOException">The folder is not there, or cannot be written to.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written to.</exception>
    public Stream Stream => _stream ??= CreateTemporary();

    /// <summary>Everything has been written: the file appears under its name.</summary>
    public void Complete()
    {
        Stream.Dispose();
        if (_temporary is not null)
        {
            File.Move(_temporary, _target.Path, overwrite: true);
            _temporary = null;
        }
    }

    public void Dispose()
    {
        _stream?.Dispose();
        if (_temporary is not null)
        {
            File.Delete(_temporary);
        }
    }

    private FileStream CreateTemporary()
    {
        // Not the file's own name and more: that may be as long as names can be.
        string path = Path.Combine(Path.GetDirectoryName(_target.Path)!, $".{Path.GetRandomFileName()}.part");
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.Read,
            BufferSize = 0, // or what could not be written would be tried again by Dispose
        };
        if (OperatingSystem.IsWindows() || _target.Kind != OutputKind.File)
        {
            var created = new FileStream(path, options);
            _temporary = path;
            return created;
        }

        // A file that only its owner may read is replaced by one like it, and nobody reads the half of it either.
        const UnixFileMode Permissions = (UnixFileMode)0x1FF; // set-user-ID is not for what comes from a network
        options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var stream = new FileStream(path, options);
        _temporary = path;
        File.SetUnixFileMode(stream.SafeFileHandle, File.GetUnixFileMode(_target.Path) & Permissions);
        return stream;
    }
}
