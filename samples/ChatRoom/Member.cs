using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Asyncore;

/// <summary>A connection: one who speaks and listens.</summary>
internal partial class Member : LineChat
{
    private readonly House _house;
    private Room? _room;
    private bool _hasGone;

    public Member(AcceptedChannel accepted, House house)
        : base(accepted)
    {
        Encoding = Encoding.UTF8;
        MaxLineLength = 1000;
        InBufferSize = 1024; // a pass at a time, so that one who talks without a pause does not fill all the others
        OutBufferLimit = 1024 * 1024; // whoever does not read is dropped when so much waits for him
        _house = house;
        Name = house.Enter(this);
        Reply($"* welcome, {Name}; /help tells what there is");
    }

    public string Name { get; private set; }

    protected override void HandleLine(ReadOnlySpan<byte> line)
    {
        if (_hasGone)
        {
            return; // what was sent behind /quit
        }

        if (!Utf8.IsValid(line))
        {
            Reply("! that is not UTF-8");
            return;
        }

        string text = Encoding.GetString(line);
        if (text.Any(IsControl))
        {
            Reply("! no control characters, please");
        }
        else if (text.StartsWith('/'))
        {
            base.HandleLine(line); // cuts it up, for HandleCommand
        }
        else if (!string.IsNullOrWhiteSpace(text))
        {
            Speak(text);
        }
    }

    protected override void HandleOverflow() => Reply($"! a line has {MaxLineLength} bytes at most");

    protected override void HandleClose()
    {
        // The limit above closes the channel with an IOException.
        Go(CloseReason is IOException ? "has left (too slow)" : "has left");
        Close();
    }

    // The line and paragraph separators too: a client may well begin a new line there.
    private static bool IsControl(char letter) => char.GetUnicodeCategory(letter)
        is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private void Speak(string text)
    {
        if (_room is null)
        {
            Reply("! nobody hears you: /join ROOM");
        }
        else
        {
            _room.Say($"{Name}: {text}");
        }
    }

    private void Go(string how)
    {
        if (_hasGone)
        {
            return;
        }

        _hasGone = true;
        _house.Exit(this);
        if (_room is not null)
        {
            Leave(how);
        }
    }
}
