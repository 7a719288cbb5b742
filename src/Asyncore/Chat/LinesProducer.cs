using System.Text;

namespace Asyncore;

/// <summary>Produces lines of text, some at a time, with a line end behind each. Medusa's <c>lines_producer</c>.</summary>
public class LinesProducer : IProducer, IDisposable
{
    // Lines are gathered until a piece has about this size.
    private const int PieceSize = 8 * 1024;

    private readonly IEnumerator<string> _lines;
    private readonly Encoding _encoding;
    private readonly byte[] _lineEnd;
    private readonly MemoryStream _piece = new();

    /// <summary>Makes a producer.</summary>
    /// <param name="lines">The lines, without their ends; taken one after the other as they are needed.</param>
    /// <param name="encoding">How they are turned into bytes; Latin-1 where null.</param>
    /// <param name="newLine">What ends each.</param>
    public LinesProducer(IEnumerable<string> lines, Encoding? encoding = null, string newLine = "\r\n")
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(newLine);
        _lines = lines.GetEnumerator();
        _encoding = encoding ?? Encoding.Latin1;
        _lineEnd = _encoding.GetBytes(newLine);
    }

    /// <inheritdoc/>
    public ReadOnlyMemory<byte> More()
    {
        _piece.SetLength(0);
        while (_piece.Length < PieceSize && _lines.MoveNext())
        {
            _piece.Write(_encoding.GetBytes(_lines.Current));
            _piece.Write(_lineEnd);
        }

        return _piece.GetBuffer().AsMemory(0, (int)_piece.Length);
    }

    /// <summary>Ends the enumeration of the lines.</summary>
    public void Dispose()
    {
        _lines.Dispose();
        GC.SuppressFinalize(this);
    }
}
