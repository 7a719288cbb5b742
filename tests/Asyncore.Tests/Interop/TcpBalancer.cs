using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Interop;

/// <summary>HAProxy or nginx, passing TCP connections on, with PROXY headers taken or sent.</summary>
internal sealed class TcpBalancer : IDisposable
{
    private const int Attempts = 20;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("asyncore-balancer-");
    private readonly Peer _process;

    private TcpBalancer(string program, Func<string, int, string> configure, string announcement, params string[] arguments)
    {
        string file = Path.Combine(_folder.FullName, "configuration");
        for (int attempt = 1; ; attempt++)
        {
            using (Socket probe = Sockets.Bound(AddressFamily.InterNetwork))
            {
                Address = (IPEndPoint)probe.LocalEndPoint!; // it may be taken by the time that it is bound
            }

            File.WriteAllText(file, configure(_folder.FullName, Address.Port));
            _process = Peer.Start(program, [.. arguments, file]);
            _process.Feed();
            string said = Said(announcement);
            if (!said.StartsWith("ALERT", StringComparison.Ordinal) && !said.StartsWith("emerg", StringComparison.Ordinal))
            {
                AwaitListening(Address.Port);
                return;
            }

            _process.Dispose();
            Assert.True(attempt < Attempts && said.Contains("in use", StringComparison.OrdinalIgnoreCase), said);
        }
    }

    public IPEndPoint Address { get; }

    /// <param name="target">Where it connects to.</param>
    /// <param name="accept">Whether its clients send a PROXY header.</param>
    /// <param name="send">What it sends to the target: 0 nothing, or a version.</param>
    public static TcpBalancer HaProxy(EndPoint target, bool accept, int send)
    {
        string header = send switch { 1 => " send-proxy", 2 => " send-proxy-v2", _ => string.Empty };
        return new TcpBalancer(
            Programs.HaProxy,
            (_, port) => $"""
                defaults
                  mode tcp
                  timeout connect 10s
                  timeout client 30s
                  timeout server 30s
                listen test
                  bind 127.0.0.1:{port}{(accept ? " accept-proxy" : string.Empty)}
                  server one {target}{header}

                """,
            "Using epoll",
            "-d", "-f");
    }

    /// <inheritdoc cref="HaProxy"/>
    public static TcpBalancer Nginx(EndPoint target, bool accept, int send) => new(
        Programs.NginxStream.Program,
        (folder, port) => $$"""
            load_module {{Programs.NginxStream.Module}};
            daemon off;
            master_process off;
            pid {{folder}}/nginx.pid;
            error_log stderr notice;
            events { worker_connections 512; }
            stream {
              server {
                listen 127.0.0.1:{{port}}{{(accept ? " proxy_protocol" : string.Empty)}};
                {{(accept ? "set_real_ip_from 127.0.0.1;" : string.Empty)}}
                {{(send == 1 ? "proxy_protocol on;" : string.Empty)}}
                proxy_half_close on;
                proxy_pass {{target}};
              }
            }

            """,
        @"\[notice\].*event method",
        "-e", "stderr", "-c");

    // HAProxy says that it starts before it listens, and nothing after. A connection to see whether it does would be
    // passed on; the system's table (proc(5)) tells it too.
    private static void AwaitListening(int port)
    {
        string entry = string.Create(CultureInfo.InvariantCulture, $"0100007F:{port:X4} 00000000:0000 0A");
        long start = Stopwatch.GetTimestamp();
        while (!File.ReadAllText("/proc/net/tcp").Contains(entry, StringComparison.Ordinal))
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "it does not listen");
        }
    }

    // nginx says it where it says its errors, HAProxy where it says nothing else.
    private string Said(string announcement)
    {
        Task<Match> well = _process.Output.Find(announcement);
        Task<Match> ill = _process.Errors.Find($"{announcement}|ALERT.*\n|emerg.*\n");
        return Peer.Await(Task.WhenAny(well, ill).Unwrap()).Value;
    }

    public void Dispose()
    {
        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
