namespace Asyncore.Forwarding;

/// <summary>A version of the PROXY protocol (haproxy.org, proxy-protocol.txt).</summary>
public enum ProxyVersion
{
    /// <summary>No header.</summary>
    None,

    /// <summary>A line of text.</summary>
    V1,

    /// <summary>Binary.</summary>
    V2,
}
