using System.Runtime.CompilerServices;

namespace Asyncore.Tests.Support;

/// <summary>Where the sources are.</summary>
internal static class Repository
{
    /// <summary>A file or folder, by its path from the repository's root.</summary>
    public static string PathOf(string path) => Path.Combine(Root(), path);

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
