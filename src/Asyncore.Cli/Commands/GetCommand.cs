using System.CommandLine;
using System.CommandLine.Parsing;
using Asyncore.Protocols;

namespace Asyncore.Cli.Commands;

/// <summary><c>asyncore get URL [-o FILE]</c></summary>
internal static class GetCommand
{
    private const int Interrupted = 130; // as a shell has it for SIGINT

    public static Command Create(LoopSettings settings)
    {
        var url = new Argument<Uri>("URL") { Description = "What to fetch.", CustomParser = ParseUrl };
        var file = new Option<string>("--output", "-o")
        {
            Description = "Where to write the body: a file, which appears when it is whole, or a FIFO or device. Else standard output.",
            HelpName = "FILE",
        };
        file.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: "" }])
            {
                result.AddError($"{file.Name}, -o: the name is empty");
            }
        });

        var command = new Command("get", "Fetch a URL, following redirects.") { url, file };
        command.SetAction(line =>
        {
            using EventLoop loop = settings.MakeLoop(line);
            return Run(loop, line.GetRequiredValue(url), line.GetValue(file));
        });
        return command;
    }

    private static int Run(EventLoop loop, Uri url, string? path)
    {
        if (url.Scheme != Uri.UriSchemeHttp)
        {
            throw new CommandFailedException($"cannot fetch {url}: {url.Scheme} is not part of this version");
        }

        // Before signals are ours: a FIFO is opened when somebody reads it, and until then they end the process.
        using OutputFile? file = path is null ? null : new OutputFile(path);

        // Ended by a signal, the temporary file goes too.
        using var signals = new StopSignals(loop.Stop);
        Stream output = file?.Stream ?? StandardStreams.OpenOutput();
        var download = new Download(output, path ?? "standard output");
        Fetch(loop, url, download, showBar: file is not null || Console.IsOutputRedirected);
        if (download.Error is { } error)
        {
            throw error as CommandFailedException
                ?? new CommandFailedException($"cannot fetch {url}: {error.Message}");
        }

        if (!download.IsComplete)
        {
            return Interrupted;
        }

        output.Flush();
        file?.Complete();
        return 0;
    }

    // A bar among the body's own text on a terminal would help nobody.
    private static void Fetch(EventLoop loop, Uri url, Download download, bool showBar)
    {
        _ = new AsyncHttp(url, new RedirectingConsumer(download), loop);
        if (showBar && !Console.IsErrorRedirected)
        {
            DownloadBar.Show(url, download, () => loop.Run());
        }
        else
        {
            loop.Run();
        }
    }

    private static Uri? ParseUrl(ArgumentResult result)
    {
        string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : string.Empty;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Host.Length > 0)
        {
            return url;
        }

        result.AddError($"URL: '{text}' is not an absolute URL such as http://example.org/");
        return null;
    }
}
