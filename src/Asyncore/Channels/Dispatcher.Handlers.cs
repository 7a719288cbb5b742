using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Asyncore;

// What users override.
public partial class Dispatcher
{
    /// <summary>
    /// Whether the channel wants to read. A type that overrides this is asked in every pass, and the answer may depend
    /// on anything; the cost is the type's. True by default.
    /// </summary>
    protected internal virtual bool Readable() => true;

    /// <summary>
    /// Whether the channel wants to write. A type that overrides this is asked in every pass, and the answer may depend
    /// on anything; the cost is the type's. True by default: a type that overrides <see cref="HandleWrite"/> alone is
    /// called in every pass.
    /// </summary>
    protected internal virtual bool Writable() => true;

    /// <summary>There is something to read, or its end. What is not read is told again in the next pass.</summary>
    protected internal virtual void HandleRead() => LogInfo("unhandled read event", "warning");

    /// <summary><see cref="Send"/> would take something.</summary>
    protected internal virtual void HandleWrite() => LogInfo("unhandled write event", "warning");

    /// <summary>Urgent data has come; receive it with <see cref="SocketFlags.OutOfBand"/>.</summary>
    protected internal virtual void HandleExpt() => LogInfo("unhandled incoming priority event", "warning");

    /// <summary>The connect has succeeded. <see cref="Connected"/> becomes true after this; sending works in it.</summary>
    protected internal virtual void HandleConnect() => LogInfo("unhandled connect event", "warning");

    /// <summary>
    /// The connect has failed, or the name is unknown. The channel is closed after this, unless it connects again in
    /// here. By default as any other error: <see cref="HandleError"/>.
    /// </summary>
    /// <param name="error">Why.</param>
    protected internal virtual void HandleConnectFailed(SocketException error) => HandleError(error);

    /// <summary>
    /// The connection has ended: <see cref="CloseReason"/> tells why. Called once at most; the channel is closed after
    /// it in any case. By default it logs and closes.
    /// </summary>
    protected internal virtual void HandleClose()
    {
        LogInfo("unhandled close event", "warning");
        Close();
    }

    /// <summary>
    /// The peer has ended its sending side, and <see cref="AllowHalfOpen"/> is set: nothing more will come, sending goes
    /// on. Called once.
    /// </summary>
    protected internal virtual void HandleEndOfStream() => LogInfo("unhandled end of stream event", "warning");

    /// <summary>
    /// Connections wait. By default all of them are accepted, up to the loop's limit for a pass, each for
    /// <see cref="HandleAccepted(AcceptedChannel)"/>; one that overrides this calls <see cref="Accept"/>.
    /// </summary>
    protected internal virtual void HandleAccept() => AcceptAll();

    /// <summary>
    /// A connection has been accepted. By default it becomes a <see cref="Socket"/> for
    /// <see cref="HandleAccepted(Socket, EndPoint?)"/>.
    /// </summary>
    /// <param name="accepted">The connection; give it to a channel's constructor, or it is closed.</param>
    protected internal virtual void HandleAccepted(AcceptedChannel accepted)
    {
        ArgumentNullException.ThrowIfNull(accepted);
        Socket socket = accepted.ToSocket();
        HandleAccepted(socket, accepted.Address);
    }

    /// <summary>A connection has been accepted, as a socket. By default it is closed.</summary>
    /// <param name="socket">The connection, which belongs to the handler.</param>
    /// <param name="address">The peer's address; null where it has none.</param>
    protected internal virtual void HandleAccepted(Socket socket, EndPoint? address)
    {
        ArgumentNullException.ThrowIfNull(socket);
        socket.Dispose();
        LogInfo("unhandled accepted event", "warning");
    }

    /// <summary>
    /// A handler threw. By default the type, message and place are logged and <see cref="HandleClose"/> is called. An
    /// override that does not close leaves the channel open.
    /// </summary>
    /// <param name="error">What was thrown.</param>
    protected internal virtual void HandleError(Exception error)
    {
        ArgumentNullException.ThrowIfNull(error);
        LogFailure("uncaught exception, closing channel", error);
        TellClose(error);
    }

    /// <summary>Writes to the log whatever is given; where no logger is configured, <c>log: …</c> to standard error.</summary>
    /// <param name="message">What to write.</param>
    protected internal virtual void Log(string message)
    {
        if (_loop.Logger is { } logger)
        {
            logger.LogInformation("{Message}", message);
        }
        else
        {
            StandardError.WriteLine($"log: {message}");
        }
    }

    /// <summary>
    /// Writes to the log, unless the type is among <see cref="IgnoreLogTypes"/>; where no logger is configured,
    /// <c>type: …</c> to standard error. All that the library says about a channel goes through here.
    /// </summary>
    /// <param name="message">What to write.</param>
    /// <param name="type"><c>info</c>, <c>warning</c>, <c>error</c>, <c>debug</c>, or one of your own.</param>
    protected internal virtual void LogInfo(string message, string type = "info")
    {
        if (IgnoreLogTypes.Contains(type))
        {
            return;
        }

        if (_loop.Logger is not { } logger)
        {
            StandardError.WriteLine($"{type}: {message}");
            return;
        }

        LogLevel level = type switch
        {
            "debug" => LogLevel.Debug,
            "warning" => LogLevel.Warning,
            "error" => LogLevel.Error,
            _ => LogLevel.Information,
        };
        logger.Log(level, "{Type}: {Message}", type, message);
    }

    private protected virtual void OnHighWater()
    {
    }

    private protected virtual void OnLowWater()
    {
    }

    private static string Place(Exception error)
    {
        StackFrame? frame = new StackTrace(error, fNeedFileInfo: true).GetFrame(0);
        string? file = frame?.GetFileName();
        string? method = DiagnosticMethodInfo.Create(frame ?? new StackFrame())?.Name;
        return file is null ? $"in {method}" : $"in {method} at {Path.GetFileName(file)}:{frame!.GetFileLineNumber()}";
    }

    // An overridden ToString may throw; the error at hand is the one to report.
    private string Describe()
    {
        try
        {
            return ToString();
        }
        catch (Exception error) when (error is not ExitNowException)
        {
            return $"<ToString() of {GetType()} failed>";
        }
    }
}
