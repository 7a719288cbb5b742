namespace Asyncore;

/// <summary>
/// Produces what is added to it, when it is added: for output that something else makes bit by bit, while later pushes
/// wait their turn. Used on the loop's thread.
/// </summary>
public sealed class DeferredProducer : IDeferredProducer
{
    private readonly Queue<ReadOnlyMemory<byte>> _pieces = new();
    private bool _completed;

    /// <inheritdoc/>
    public event Action? Ready;

    /// <inheritdoc/>
    public bool IsDone => _completed && _pieces.Count == 0;

    /// <summary>Adds a piece.</summary>
    /// <param name="data">The bytes; not copied, so they must not change until they have left.</param>
    /// <exception cref="InvalidOperationException">The producer has been completed.</exception>
    public void Add(ReadOnlyMemory<byte> data)
    {
        if (_completed)
        {
            throw new InvalidOperationException("The producer has been completed: nothing can be added to it any more.");
        }

        if (!data.IsEmpty)
        {
            _pieces.Enqueue(data);
            Ready?.Invoke();
        }
    }

    /// <summary>Nothing more will be added. Twice is harmless.</summary>
    public void Complete()
    {
        if (!_completed)
        {
            _completed = true;
            Ready?.Invoke();
        }
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> More() => _pieces.TryDequeue(out ReadOnlyMemory<byte> piece) ? piece : default;
}
