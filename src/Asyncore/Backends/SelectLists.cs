using System.Diagnostics;
using System.Net.Sockets;

namespace Asyncore;

/// <summary>
/// <see cref="Socket.Select(System.Collections.IList, System.Collections.IList, System.Collections.IList, TimeSpan)"/>
/// for any number of sockets.
/// </summary>
/// <remarks>
/// On Unix the library hands its three lists to one poll(2), which refuses more entries than the process may have
/// descriptors (EINVAL), though a socket may be three entries: a loop ended when it had channels for a third of its
/// descriptors. And the library itself refuses lists of more than 65,536. So where one call is refused, one that has
/// as few entries as will do waits, and calls in parts that do not wait find out for what.
/// </remarks>
internal sealed class SelectLists
{
    private const int MostEntries = 65_536;
    private const int EntriesOfOne = 3;
    private const int SocketsOfPart = 1024;

    // How long to wait where not everything that may end the wait could be asked for.
    private static readonly TimeSpan _glance = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan _rounding = TimeSpan.FromMilliseconds(1); // poll(2) counts whole milliseconds

    private readonly List<Wish> _wishes = [];
    private readonly Lists _all = new();
    private readonly Lists _some = new();
    private int _tooMany = MostEntries + 1; // so many entries have been refused, and are not tried again

    /// <summary>What is ready to be read, after <see cref="Select"/>.</summary>
    public List<Socket> Reading => _all.Reading;

    /// <summary>What is ready to be written.</summary>
    public List<Socket> Writing => _all.Writing;

    /// <summary>What has an error, or urgent data.</summary>
    public List<Socket> Watching => _all.Watching;

    /// <summary>What cannot be asked about, and why.</summary>
    public List<(Socket Socket, SocketError Error)> Failed { get; } = [];

    public bool IsEmpty => _all.Count + Failed.Count == 0;

    public void Clear() => _wishes.Clear();

    /// <param name="socket">A socket; the first one added must be able to end any wait.</param>
    /// <param name="wanted">What it is asked for.</param>
    /// <param name="watched">Whether errors and urgent data are looked for, which alone need not end a wait.</param>
    public void Add(Socket socket, IoEvents wanted, bool watched) => _wishes.Add(new Wish(socket, wanted, watched));

    /// <summary>Waits until something is ready, or for nothing: a hang-up may end the wait and be in no list.</summary>
    /// <exception cref="SocketException">A signal has cut the wait short; no other error.</exception>
    /// <exception cref="ObjectDisposedException">One of the sockets has been disposed.</exception>
    public void Select(TimeSpan wait)
    {
        Failed.Clear();
        _all.Clear();
        _wishes.ForEach(_all.AddWhole);
        if (TrySelect(_all, wait) != SocketError.Success)
        {
            SelectInParts(wait);
        }
    }

    private void SelectInParts(TimeSpan wait)
    {
        long start = Stopwatch.GetTimestamp();
        TimeSpan left = wait;
        bool over;
        do
        {
            over = left <= TimeSpan.Zero || WaitForAny(left);
            AskAll();
            left = wait - Stopwatch.GetElapsedTime(start);
        }
        while (!over && IsEmpty);
    }

    // Whether the wait is over: not where it was only a glance. An error ends it in whichever list a socket is, so most
    // sockets are one entry, and those of all descriptors fit. Too many that want to read and are stuck in writing do
    // not; then data still ends the wait at once, and what becomes writable is found at the next glance.
    private bool WaitForAny(TimeSpan wait)
    {
        if (TryWait(_wishes, Lists.AddWanted, wait))
        {
            return true;
        }

        TimeSpan glance = wait < _glance ? wait : _glance;
        long start = Stopwatch.GetTimestamp();
        if (!TryWait(_wishes, Lists.AddOnce, glance))
        {
            // More descriptors than there may be now: the limit has been lowered since they were opened.
            TryWait(_wishes[..1], Lists.AddOnce, glance);
        }

        // Ended early it is over even with nothing in the lists: a hang-up, which would end the next glance as well.
        return _some.Count > 0 || Stopwatch.GetElapsedTime(start) < glance - _rounding;
    }

    private bool TryWait(List<Wish> wishes, Action<Lists, Wish> add, TimeSpan wait)
    {
        _some.Clear();
        wishes.ForEach(wish => add(_some, wish));
        return TrySelect(_some, wait) == SocketError.Success;
    }

    private void AskAll()
    {
        _all.Clear();
        int size = SocketsOfPart;
        for (int next = 0; next < _wishes.Count;)
        {
            int count = Math.Min(size, _wishes.Count - next);
            SocketError error = Ask(next, count);
            if (error != SocketError.Success && count > 1)
            {
                size = count / 2;
                continue;
            }

            if (error != SocketError.Success)
            {
                Failed.Add((_wishes[next].Socket, error));
                _tooMany = MostEntries + 1; // it was this socket that was refused, not their number
            }

            next += count;
        }
    }

    private SocketError Ask(int start, int count)
    {
        _some.Clear();
        for (int i = start; i < start + count; i++)
        {
            _some.AddWhole(_wishes[i]);
        }

        SocketError error = TrySelect(_some, TimeSpan.Zero);
        if (error == SocketError.Success)
        {
            _all.AddRange(_some);
        }

        return error;
    }

    // Leaves those that are ready in the lists.
    private SocketError TrySelect(Lists lists, TimeSpan wait)
    {
        int count = lists.Count;
        if (count >= _tooMany)
        {
            return SocketError.InvalidArgument;
        }

        if (count == 0)
        {
            return SocketError.Success; // the library refuses to be asked about nothing
        }

        try
        {
            Socket.Select(lists.Reading, lists.Writing, lists.Watching, wait);
            return SocketError.Success;
        }
        catch (SocketException error) when (error.SocketErrorCode != SocketError.Interrupted)
        {
            bool isForNumber = error.SocketErrorCode == SocketError.InvalidArgument && count > EntriesOfOne;
            _tooMany = isForNumber ? count : _tooMany;
            return error.SocketErrorCode;
        }
    }

    private readonly record struct Wish(Socket Socket, IoEvents Wanted, bool Watched);

    private sealed class Lists
    {
        public List<Socket> Reading { get; } = [];

        public List<Socket> Writing { get; } = [];

        public List<Socket> Watching { get; } = [];

        public int Count => Reading.Count + Writing.Count + Watching.Count;

        public void Clear()
        {
            Reading.Clear();
            Writing.Clear();
            Watching.Clear();
        }

        public void AddRange(Lists others)
        {
            Reading.AddRange(others.Reading);
            Writing.AddRange(others.Writing);
            Watching.AddRange(others.Watching);
        }

        public void AddWhole(Wish wish) =>
            Add(wish.Socket, Wants(wish, IoEvents.Read), Wants(wish, IoEvents.Write), wish.Watched);

        /// <summary>What a wait must end for, and no socket left out.</summary>
        public static void AddWanted(Lists lists, Wish wish)
        {
            bool reads = Wants(wish, IoEvents.Read);
            bool writes = Wants(wish, IoEvents.Write);
            bool onlyWatched = wish.Watched && !reads && !writes;
            lists.Add(wish.Socket, reads, writes, Wants(wish, IoEvents.Priority) || onlyWatched);
        }

        /// <summary>Each socket in one list.</summary>
        public static void AddOnce(Lists lists, Wish wish)
        {
            bool reads = Wants(wish, IoEvents.Read);
            bool writes = !reads && Wants(wish, IoEvents.Write);
            lists.Add(wish.Socket, reads, writes, !reads && !writes && wish.Watched);
        }

        private static bool Wants(Wish wish, IoEvents what) => (wish.Wanted & what) != 0;

        private void Add(Socket socket, bool reads, bool writes, bool watched)
        {
            if (reads)
            {
                Reading.Add(socket);
            }

            if (writes)
            {
                Writing.Add(socket);
            }

            if (watched)
            {
                Watching.Add(socket);
            }
        }
    }
}
