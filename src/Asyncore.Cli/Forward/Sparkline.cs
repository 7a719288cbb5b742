namespace Asyncore.Cli.Forward;

/// <summary>The last values of something as a row of small bars, the largest as high as a line.</summary>
internal sealed class Sparkline(int width)
{
    private const string Bars = "▁▂▃▄▅▆▇█";

    private readonly Queue<double> _values = new();

    public void Add(double value)
    {
        _values.Enqueue(value);
        if (_values.Count > width)
        {
            _values.Dequeue();
        }
    }

    /// <summary>So many of the last values, behind blanks where there are fewer.</summary>
    public string Last(int count)
    {
        double[] shown = [.. _values.TakeLast(count)];
        double most = shown.DefaultIfEmpty().Max();
        return string.Concat(shown.Select(value => Bars[most <= 0 ? 0 : (int)Math.Round(value / most * (Bars.Length - 1))]))
            .PadLeft(count);
    }
}
