using Spectre.Console;

namespace Asyncore.Cli;

/// <summary>A progress bar on standard error, where that is a terminal.</summary>
internal static class DownloadBar
{
    /// <param name="what">What is fetched.</param>
    /// <param name="download">How far it is.</param>
    /// <param name="run">Fetches it, on this thread.</param>
    public static void Show(Uri what, Download download, Action run)
    {
        IAnsiConsole console = AnsiConsole.Create(
            new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress()
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(what.Host + what.AbsolutePath)).IsIndeterminate();
                download.Progress += (length, received) => Move(task, length, received);
                run();
                task.StopTask();
            });
    }

    private static void Move(ProgressTask task, long? length, long received)
    {
        if (length is { } known)
        {
            task.IsIndeterminate = false;
            task.MaxValue = Math.Max(known, 1);
        }

        task.Value = received;
    }
}
