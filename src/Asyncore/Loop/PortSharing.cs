namespace Asyncore;

/// <summary>
/// How a loop's next listener gets its port, which it has with the listeners of the other loops of a group
/// (SO_REUSEPORT, socket(7)).
/// </summary>
internal enum PortSharing
{
    /// <summary>Nobody else may have it.</summary>
    None,

    /// <summary>
    /// It binds and listens alone, and lets the others in afterwards. With the option set from the start, as the man
    /// page has it, two programs of one user that both share their port would get each other's connections, and
    /// neither be told that the port is in use.
    /// </summary>
    First,

    /// <summary>It joins the first.</summary>
    Further,
}
