using System.Text;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Samples;

public sealed class AstmFolderTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("asyncore-astm-");
    private readonly FakeClock _clock = new() { TimeOfDay = new(2024, 2, 29, 12, 0, 0, TimeSpan.Zero) };

    [Fact]
    public void MessagesAreFilesWhoseNamesSortAsTheyCame()
    {
        var folder = new MessageFolder(Path.Combine(_folder.FullName, "new", "one"), _clock);
        Assert.Equal("20240229T120000-000001.astm", folder.Store("one"u8));
        Assert.Equal("20240229T120000-000002.astm", folder.Store([]));
        _clock.TimeOfDay += TimeSpan.FromSeconds(1);
        Assert.Equal("20240229T120001-000003.astm", folder.Store("three"u8));
        Assert.Equal(["one", string.Empty, "three"], Messages(Path.Combine(_folder.FullName, "new", "one")));
    }

    [Fact]
    public void NoFileIsOverwritten()
    {
        var first = new MessageFolder(_folder.FullName, _clock);
        var second = new MessageFolder(_folder.FullName, _clock);
        first.Store("one"u8);
        Assert.Equal("20240229T120000-000002.astm", second.Store("two"u8));
        Assert.Equal("20240229T120000-000003.astm", first.Store("three"u8));
        Assert.Equal(["one", "two", "three"], Messages(_folder.FullName));
    }

    [Fact]
    public void WhatCannotBeStoredLeavesNothing()
    {
        string path = Path.Combine(_folder.FullName, "gone");
        var folder = new MessageFolder(path, _clock);
        Directory.Delete(path);
        Assert.ThrowsAny<IOException>(() => folder.Store("one"u8));
        Directory.CreateDirectory(path);
        Assert.Empty(Directory.EnumerateFileSystemEntries(path));
        folder.Store("two"u8);
        Assert.Equal(["two"], Messages(path));
    }

    [Fact]
    public void WhatCannotBeRenamedLeavesNothing()
    {
        var folder = new MessageFolder(_folder.FullName, _clock);
        DirectoryInfo inTheWay = _folder.CreateSubdirectory("20240229T120000-000001.astm");
        Assert.ThrowsAny<IOException>(() => folder.Store("one"u8));
        Assert.Equal([inTheWay.FullName], Directory.EnumerateFileSystemEntries(_folder.FullName));
        folder.Store("one"u8);
        inTheWay.Delete();
        Assert.Equal(["one"], Messages(_folder.FullName));
    }

    [Fact]
    public void WhatAKilledReceiverLeftIsRemoved()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, ".astm-half"), "ha");
        _ = new MessageFolder(_folder.FullName, _clock);
        Assert.Empty(Messages(_folder.FullName));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    /// <summary>The messages in a folder in which nothing else must be, hidden or not, in order.</summary>
    internal static string[] Messages(string folder)
    {
        string[] paths = [.. Directory.EnumerateFileSystemEntries(folder).Order(StringComparer.Ordinal)];
        Assert.All(paths, path => Assert.Matches(@"^\d{8}T\d{6}-\d{6}\.astm$", Path.GetFileName(path)));
        return [.. paths.Select(path => File.ReadAllText(path, Encoding.Latin1))];
    }
}
