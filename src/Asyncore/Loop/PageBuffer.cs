using System.Runtime.InteropServices;

namespace Asyncore;

/// <summary>
/// A buffer that the garbage collector never moves. A large one starts on a page, which matters: receiving 64 KiB at
/// an offset of 16 bytes into a page, where an array's data lies by itself, was measured to cost nearly four times what
/// it costs at the start of one. Small ones had better not, as they would all share the same few cache lines.
/// </summary>
internal sealed class PageBuffer
{
    private const int PageSize = 4096;

    private readonly byte[] _array;
    private readonly int _start;

    public PageBuffer(int length)
    {
        bool aligned = length > PageSize;
        _array = GC.AllocateUninitializedArray<byte>(aligned ? length + PageSize - 1 : length, pinned: true);
        nint address = Marshal.UnsafeAddrOfPinnedArrayElement(_array, 0);
        _start = aligned ? (int)(-address & (PageSize - 1)) : 0;
        Length = length;
    }

    public int Length { get; }

    public Span<byte> Span => _array.AsSpan(_start, Length);

    public ReadOnlyMemory<byte> Slice(int start, int end) => _array.AsMemory(_start + start, end - start);
}
