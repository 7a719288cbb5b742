using System.Buffers.Binary;
using System.Text;

namespace Asyncore.Tests.Samples;

// What docs/conversations.md shows, line by line; ConversationTests runs it.

#region lines
internal class Shout : AsyncChat
{
    public Shout(AcceptedChannel accepted)
        : base(accepted)
    {
        Encoding = Encoding.UTF8;
        MaxLineLength = 8192;
        SetTerminators("\r\n", "\n");
    }

    protected override void FoundTerminator()
    {
        string line = GetText();
        Push(line.ToUpperInvariant() + "\r\n");
        if (line == "bye")
        {
            CloseWhenDone();
        }
    }
}
#endregion

#region frames
internal class Frames : AsyncChat
{
    private const int HeaderSize = 4;
    private const int MaxFrame = 1024 * 1024;

    private bool _inBody;

    public Frames(AcceptedChannel accepted)
        : base(accepted) => SetTerminator(HeaderSize);

    protected override void FoundTerminator()
    {
        if (_inBody)
        {
            Push(BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(PeekData().Length)));
            Push(PeekData());
            ClearData();
        }
        else
        {
            int size = BinaryPrimitives.ReadInt32BigEndian(PeekData());
            ClearData();
            if (size is <= 0 or > MaxFrame)
            {
                Abort();
                return;
            }

            SetTerminator(size);
            _inBody = true;
            return;
        }

        SetTerminator(HeaderSize);
        _inBody = false;
    }
}
#endregion

#region file
internal class SendFile(AcceptedChannel accepted, string folder) : LineChat(accepted)
{
    protected override void HandleCommand(string command, string arguments)
    {
        string path = Path.Combine(folder, Path.GetFileName(arguments));
        if (command != "get" || !File.Exists(path))
        {
            Reply("no");
            return;
        }

        Reply($"{new FileInfo(path).Length} bytes follow");
        PushWithProducer(new FileProducer(path));
        CloseWhenDone();
    }
}
#endregion

#region slow
internal class Patient : LineChat
{
    public Patient(AcceptedChannel accepted)
        : base(accepted)
    {
        HighWaterMark = 64 * 1024;
        LowWaterMark = 16 * 1024;
        OutBufferLimit = 1024 * 1024;
    }

    protected override void HandleCommand(string command, string arguments) => Reply(new string('*', 8000));

    protected override void HandleHighWater() => PauseReading();

    protected override void HandleLowWater() => ResumeReading();
}
#endregion
