namespace Asyncore;

/// <summary>Standard error, where lines go for which nobody has configured a logger.</summary>
internal static class StandardError
{
    /// <summary>
    /// Writes a line. Where it cannot be written (a full disk, a terminal that has gone) nobody hears it, and what was
    /// to be said of goes on: no connection, and no loop, is to end because of its log.
    /// </summary>
    public static void WriteLine(string line)
    {
        try
        {
            Console.Error.WriteLine(line);
        }
        catch (IOException)
        {
            // there is no other place to say so
        }
    }
}
