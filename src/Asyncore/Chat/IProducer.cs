namespace Asyncore;

/// <summary>
/// Makes output piece by piece, for <see cref="AsyncChat.PushWithProducer"/>. Python's producers. Used on the loop's
/// thread. One that is also <see cref="IDisposable"/> is disposed once it is done, dropped, or its channel has closed.
/// </summary>
public interface IProducer
{
    /// <summary>
    /// The next piece. Asked for when the one before has left; what is returned must not change until then.
    /// </summary>
    /// <returns>Some bytes; none when there are no more.</returns>
    ReadOnlyMemory<byte> More();
}

/// <summary>A producer that may have nothing just now, without being done.</summary>
public interface IDeferredProducer : IProducer
{
    /// <summary>Whether nothing more will come: only then does an empty piece end it.</summary>
    bool IsDone { get; }

    /// <summary>
    /// Raised on the loop's thread when there is something after there was nothing, or when the end has come; the
    /// producer is asked again then, and not before.
    /// </summary>
    event Action? Ready;
}
