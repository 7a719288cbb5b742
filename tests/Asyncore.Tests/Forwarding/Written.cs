using System.Text;
using Asyncore.Forwarding;
using Xunit;

namespace Asyncore.Tests.Forwarding;

/// <summary>Configuration files as tests write them.</summary>
internal static class Written
{
    /// <summary>Stands before what is wrong, and is taken out.</summary>
    public const char Mark = '¦';

    /// <summary>Reads a file.</summary>
    public static ServiceOptions Read(string json) => ForwardConfiguration.Parse(Encoding.UTF8.GetBytes(json), "f");

    /// <summary>Reads a file with one listener, of which the rest is given.</summary>
    public static ListenerOptions Listener(string members) =>
        Assert.Single(Read(InListener(members)).Listeners);

    /// <summary>A file with one listener, of which the rest is given, in line 3.</summary>
    public static string InListener(string members) =>
        "{\n  \"listeners\": [{ \"listen\": \":80\", \"targets\": [\"a:1\"],\n    " + members + "\n  }]\n}\n";

    /// <summary>Checks what is wrong with a file, and that it is said of the place of the mark.</summary>
    public static void IsWrong(string marked, string key, string problem)
    {
        string before = marked[..marked.IndexOf(Mark)];
        int line = before.Count(each => each == '\n') + 1;
        int column = before.Length - before.LastIndexOf('\n');
        ForwardConfigurationException error =
            Assert.Throws<ForwardConfigurationException>(() => Read(marked.Replace($"{Mark}", "")));
        Assert.Equal($"f:{line}:{column}: {(key.Length == 0 ? "" : $"{key}: ")}{problem}", error.Message);
        Assert.Equal(("f", line, column, key), (error.Path, error.Line, error.Column, error.Key));
    }
}
