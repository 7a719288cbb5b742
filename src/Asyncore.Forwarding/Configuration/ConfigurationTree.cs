using System.Text;
using System.Text.Json;

namespace Asyncore.Forwarding;

/// <summary>
/// Makes values that know their places of a file's bytes: a missing key, or two that do not go together, can be told
/// only when the whole object has been seen.
/// </summary>
internal ref struct ConfigurationTree
{
    private const int MostDepth = 16;

    private readonly ConfigurationText _file;
    private Utf8JsonReader _reader;
    private ConfigurationValue? _inside;

    private ConfigurationTree(ConfigurationText file)
    {
        var options = new JsonReaderOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };
        _file = file;
        _reader = new Utf8JsonReader(file.Bytes, options);
    }

    /// <exception cref="ForwardConfigurationException">It is not JSON.</exception>
    public static ConfigurationValue Read(ConfigurationText file)
    {
        var tree = new ConfigurationTree(file);
        tree.Next();
        ConfigurationValue root = tree.Value(null, 0);
        tree.Next(); // throws where anything follows
        return root;
    }

    private void Next()
    {
        int end = (int)_reader.BytesConsumed;
        JsonTokenType last = _reader.TokenType;
        try
        {
            _reader.Read();
        }
        catch (JsonException error)
        {
            var problem = new SyntaxProblem(_file.Bytes, end, PlaceAfter(last));
            throw _file.Error(problem.Offset, _inside?.Key ?? string.Empty, problem.Words(error));
        }
    }

    private readonly SyntaxPlace PlaceAfter(JsonTokenType last) => last switch
    {
        JsonTokenType.None => SyntaxPlace.Start,
        JsonTokenType.PropertyName => SyntaxPlace.Value,
        JsonTokenType.StartObject => SyntaxPlace.FirstKey,
        JsonTokenType.StartArray => SyntaxPlace.FirstItem,
        _ => _inside is null ? SyntaxPlace.End : _inside.IsObject ? SyntaxPlace.Key : SyntaxPlace.Item,
    };

    // At the first token of a value; when it returns, at the last.
    private ConfigurationValue Value(string? name, int nameOffset)
    {
        ConfigurationValue? parent = _inside;
        var value = new ConfigurationValue(_file, parent)
        {
            Kind = _reader.TokenType,
            Offset = (int)_reader.TokenStartIndex,
            Text = TokenText(),
            Name = name,
            NameOffset = nameOffset,
            Index = parent?.Children.Count ?? 0,
        };
        if (value.Depth > MostDepth)
        {
            throw value.Error("objects and lists are too many inside of each other");
        }

        if (value.IsObject || value.IsList)
        {
            _inside = value;
            Fill(value);
            _inside = parent;
        }

        return value;
    }

    private void Fill(ConfigurationValue value)
    {
        Next();
        while (_reader.TokenType is not (JsonTokenType.EndObject or JsonTokenType.EndArray))
        {
            string? name = null;
            int nameOffset = 0;
            if (_reader.TokenType == JsonTokenType.PropertyName)
            {
                nameOffset = (int)_reader.TokenStartIndex;
                name = TokenText();
                Next();
            }

            value.Add(Value(name, nameOffset));
            Next();
        }
    }

    private readonly string TokenText()
    {
        if (_reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName))
        {
            return Encoding.UTF8.GetString(_reader.ValueSpan);
        }

        try
        {
            return _reader.GetString() ?? string.Empty;
        }
        catch (InvalidOperationException)
        {
            const string Problem = "a text has one half of a character (\\uD800 to \\uDFFF) without the other";
            throw _file.Error((int)_reader.TokenStartIndex, _inside?.Key ?? string.Empty, Problem);
        }
    }
}
