namespace Asyncore;

/// <summary>
/// Produces what several producers make, one after the other. Medusa's <c>composite_producer</c>. Those of them that are
/// <see cref="IDisposable"/> are disposed as they end.
/// </summary>
public sealed class CompositeProducer : IDeferredProducer, IDisposable
{
    private readonly Queue<IProducer> _producers;

    /// <summary>Makes a producer.</summary>
    /// <param name="producers">The producers, in order.</param>
    /// <exception cref="ArgumentException">One of them is null.</exception>
    public CompositeProducer(params IEnumerable<IProducer> producers)
    {
        _producers = new Queue<IProducer>(producers);
        if (_producers.Contains(null!))
        {
            throw new ArgumentException("A producer is null.", nameof(producers));
        }

        foreach (IProducer producer in _producers)
        {
            if (producer is IDeferredProducer deferred)
            {
                deferred.Ready += Announce;
            }
        }
    }

    /// <inheritdoc/>
    public event Action? Ready;

    /// <inheritdoc/>
    public bool IsDone => _producers.Count == 0;

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> More()
    {
        while (_producers.TryPeek(out IProducer? first))
        {
            ReadOnlyMemory<byte> piece = first.More();
            if (!_producers.TryPeek(out IProducer? still) || still != first)
            {
                return default; // it has closed the channel, or discarded what is to be sent, this among it
            }

            if (!piece.IsEmpty || first is IDeferredProducer { IsDone: false })
            {
                return piece;
            }

            EndFirst();
        }

        return default;
    }

    /// <summary>Disposes the producers that have not ended.</summary>
    public void Dispose()
    {
        while (_producers.Count > 0)
        {
            EndFirst();
        }
    }

    private void EndFirst()
    {
        IProducer first = _producers.Dequeue();
        if (first is IDeferredProducer deferred)
        {
            deferred.Ready -= Announce;
        }

        (first as IDisposable)?.Dispose();
    }

    private void Announce() => Ready?.Invoke();
}
