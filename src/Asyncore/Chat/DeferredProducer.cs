namespace Asyncore;

/// <summary>
/// Produces what is added to it, when it is added: for output that something else makes bit by bit, while later pushes
/// wait their turn. Used on the loop's thread.
/// </summary>
public sealed class DeferredProducer : IDeferredProducer
{
    private readonly LinkedList<ReadOnlyMemory<byte>> _pieces = [];
    private bool _completed;

    /// <inheritdoc/>
    public event Action? Ready;

    /// <inheritdoc/>
    public bool IsDone => _completed && _pieces.Count == 0;

    /// <summary>Adds a piece.</summary>
    /// <param name="data">The bytes; not copied, so they must not change until they have left.</param>
    /// <exception cref="InvalidOperationException">
    /// The producer has been completed, or this is not the thread of the loop that sends from it.
    /// </exception>
    public void Add(ReadOnlyMemory<byte> data)
    {
        if (_completed)
        {
            throw new InvalidOperationException("The producer has been completed: nothing can be added to it any more.");
        }

        if (!data.IsEmpty)
        {
            _pieces.AddLast(data);
            Announce(() => _pieces.RemoveLast());
        }
    }

    /// <summary>Nothing more will be added. Twice is harmless.</summary>
    public void Complete()
    {
        if (!_completed)
        {
            _completed = true;
            Announce(() => _completed = false);
        }
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> More()
    {
        if (_pieces.First is not { } first)
        {
            return default;
        }

        _pieces.RemoveFirst();
        return first.Value;
    }

    // A channel refuses to be told on another thread; then nothing has happened here either.
    private void Announce(Action undo)
    {
        try
        {
            Ready?.Invoke();
        }
        catch (InvalidOperationException)
        {
            undo();
            throw;
        }
    }
}
