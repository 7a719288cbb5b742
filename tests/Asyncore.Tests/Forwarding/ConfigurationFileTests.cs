using Asyncore.Forwarding;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>Files that cannot be read, and those that can.</summary>
public sealed class ConfigurationFileTests : IDisposable
{
    private const string Good = """{"listeners":[{"listen":":80","targets":["a.example:1"]}]}""";
    private const int Largest = 1024 * 1024;

    private readonly string _folder = Directory.CreateTempSubdirectory("asyncore-configuration-").FullName;

    private string FilePath => Path.Combine(_folder, "forward.json");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_file_is_named_as_it_was()
    {
        File.WriteAllText(FilePath, "{\n5}");
        string path = Path.GetRelativePath(Environment.CurrentDirectory, FilePath);
        ForwardConfigurationException error =
            Assert.Throws<ForwardConfigurationException>(() => ForwardConfiguration.Load(path));
        Assert.Equal($"{path}:2:1: '5' is not a key in double quotes", error.Message);
        Assert.Equal(path, error.Path);
    }

    [Fact]
    public void There_is_none()
    {
        Fails(FilePath, "there is no such file");
        Fails(Path.Combine(_folder, "no", "forward.json"), "there is no such file");
    }

    [Fact]
    public void It_is_a_directory() => Fails(_folder, "a directory cannot be read as a configuration file");

    [Fact]
    public void It_may_not_be_read()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "nothing is kept from us");
        File.WriteAllText(FilePath, Good);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(FilePath, UnixFileMode.None);
        }

        Fails(FilePath, "the file cannot be read: no permission");
    }

    [Fact]
    public void It_has_an_impossible_name()
    {
        ForwardConfigurationException error =
            Assert.Throws<ForwardConfigurationException>(() => ForwardConfiguration.Load("a\0b"));
        Assert.StartsWith("a\0b: the file cannot be read: ", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => ForwardConfiguration.Load(string.Empty));
    }

    [Fact]
    public void It_is_as_large_as_may_be_and_larger()
    {
        File.WriteAllText(FilePath, Good.PadRight(Largest));
        Assert.Single(ForwardConfiguration.Load(FilePath).Listeners);
        File.WriteAllText(FilePath, Good.PadRight(Largest + 1));
        Fails(FilePath, "the file is larger than 1 MiB");
        Assert.SkipUnless(File.Exists("/dev/zero"), "there is no endless file");
        Fails("/dev/zero", "the file is larger than 1 MiB");
    }

    [Fact]
    public void It_is_read_while_somebody_writes_it()
    {
        using FileStream writer = new(FilePath, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        using var text = new StreamWriter(writer);
        text.Write(Good);
        text.Flush();
        Assert.Single(ForwardConfiguration.Load(FilePath).Listeners);
    }

    private static void Fails(string path, string problem)
    {
        ForwardConfigurationException error =
            Assert.Throws<ForwardConfigurationException>(() => ForwardConfiguration.Load(path));
        Assert.Equal($"{path}: {problem}", error.Message);
        Assert.Equal((path, 0, 0, string.Empty), (error.Path, error.Line, error.Column, error.Key));
    }
}
