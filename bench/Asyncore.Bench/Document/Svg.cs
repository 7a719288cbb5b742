using System.Globalization;
using System.Text;

namespace Asyncore.Bench.Document;

/// <summary>A picture in the making. Colours are classes, so that it reads on light and on dark.</summary>
internal sealed class Svg(double width)
{
    private const string Style =
        """
        <style>
          text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
          .title { font-size: 14px; font-weight: 600 }
          .muted { fill: #59636e }
          .back { fill: #ffffff }
          .ours { fill: #0969da; stroke: #0969da }
          .other { fill: #8c959f; stroke: #8c959f }
          .grid { stroke: #d1d9e0 }
          .spread { stroke: #1f2328; stroke-width: 1.5 }
          .one { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 3 }
          @media (prefers-color-scheme: dark) {
            text { fill: #f0f6fc }
            .muted { fill: #9198a1 }
            .back { fill: #0d1117 }
            .ours { fill: #4493f8; stroke: #4493f8 }
            .other { fill: #6e7681; stroke: #6e7681 }
            .grid { stroke: #3d444d }
            .spread { stroke: #f0f6fc }
            .one { stroke: #ff7b72 }
          }
        </style>
        """;

    private readonly StringBuilder _content = new();
    private double _height;

    public void Rectangle(double x, double y, double w, double h, string kind)
    {
        Add($"<rect x=\"{x:0.#}\" y=\"{y:0.#}\" width=\"{Math.Max(w, 1):0.#}\" height=\"{h:0.#}\" class=\"{kind}\"/>");
        Reach(y + h);
    }

    public void Line(double x1, double y1, double x2, double y2, string kind)
    {
        Add($"<line x1=\"{x1:0.#}\" y1=\"{y1:0.#}\" x2=\"{x2:0.#}\" y2=\"{y2:0.#}\" class=\"{kind}\"/>");
        Reach(Math.Max(y1, y2));
    }

    public void Circle(double x, double y, double radius, string kind) =>
        Add($"<circle cx=\"{x:0.#}\" cy=\"{y:0.#}\" r=\"{radius:0.#}\" class=\"{kind}\"/>");

    /// <param name="x">Where it is anchored.</param>
    /// <param name="y">Its base line.</param>
    /// <param name="words">What it says.</param>
    /// <param name="anchor">start, middle or end.</param>
    /// <param name="kind">title, muted or nothing.</param>
    public void Text(double x, double y, string words, string anchor = "start", string kind = "")
    {
        string escaped = System.Security.SecurityElement.Escape(words);
        Add($"<text x=\"{x:0.#}\" y=\"{y:0.#}\" text-anchor=\"{anchor}\" class=\"{kind}\">{escaped}</text>");
        Reach(y);
    }

    /// <summary>The whole file.</summary>
    /// <param name="description">What it shows, for those who cannot see it.</param>
    public string Finish(string description)
    {
        double height = _height + 16;
        string label = System.Security.SecurityElement.Escape(description);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:0} {height:0}"
                 width="{width:0}" height="{height:0}" role="img" aria-label="{label}">
            {Style}
            <rect width="100%" height="100%" class="back" rx="6"/>
            {_content}</svg>

            """);
    }

    private void Add(FormattableString element) =>
        _content.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');

    private void Reach(double y) => _height = Math.Max(_height, y);
}
