using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Asyncore.Tests.Support;
using Xunit;

namespace Asyncore.Tests.Interop;

/// <summary>nginx, on a free port of 127.0.0.1 and of ::1, with a folder of its own.</summary>
internal sealed class Nginx : IDisposable
{
    private const int Attempts = 20;

    private readonly DirectoryInfo _folder;
    private readonly Peer _process;

    /// <summary>Starts it.</summary>
    /// <param name="upstream">Whom it asks for what is below <c>/proxy/</c>, as HOST:PORT.</param>
    public Nginx(string? upstream = null)
    {
        string program = Programs.Nginx;
        _folder = Directory.CreateTempSubdirectory("asyncore-nginx-");
        Content = _folder.CreateSubdirectory("content").FullName;
        try
        {
            _process = Start(program, upstream);
        }
        catch
        {
            _folder.Delete(recursive: true);
            throw;
        }
    }

    /// <summary>The folder that is served.</summary>
    public string Content { get; }

    public IPEndPoint Address { get; private set; } = new(IPAddress.Loopback, 0);

    public Uri Uri(string target) => new($"http://{Address}{target}");

    /// <summary>Puts a file into the folder that is served.</summary>
    public void Write(string name, byte[] content)
    {
        string path = Path.Combine(Content, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
    }

    /// <summary>Waits until somebody has asked for something below <c>/slow/</c>.</summary>
    public Task Serving() => _process.Errors.Find("matches \"/slow/");

    /// <summary>Ends it at once, with whatever it was sending.</summary>
    public void Kill() => _process.Kill();

    public void Dispose()
    {
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    // A port that was free may be taken by the time that nginx binds it.
    private Peer Start(string program, string? upstream)
    {
        string configuration = Path.Combine(_folder.FullName, "nginx.conf");
        for (int attempt = 1; ; attempt++)
        {
            using (Socket probe = Sockets.Bound(AddressFamily.InterNetwork))
            {
                Address = (IPEndPoint)probe.LocalEndPoint!;
            }

            File.WriteAllText(configuration, Configuration(Address.Port, upstream));
            Peer peer = Peer.Start(program, "-p", _folder.FullName, "-e", "stderr", "-c", configuration);
            peer.Feed();

            // What it says of its way of waiting, it says once it listens.
            string said = Said(peer, @"\[notice\].*event method|\[emerg\].*\n");
            if (said.StartsWith("[notice]", StringComparison.Ordinal))
            {
                return peer;
            }

            peer.Dispose();
            Assert.True(attempt < Attempts && said.Contains("Address already in use"), said);
        }
    }

    private static string Said(Peer peer, string pattern)
    {
        try
        {
            return Peer.Await(peer.Errors.Find(pattern)).Value;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    private string Configuration(int port, string? upstream) => string.Create(CultureInfo.InvariantCulture, $$"""
        daemon off;
        master_process off;
        pid {{_folder.FullName}}/nginx.pid;
        error_log stderr notice;
        events { worker_connections 512; }
        http {
          access_log off;
          client_max_body_size 64m;
          client_body_temp_path {{_folder.FullName}}/body;
          proxy_temp_path {{_folder.FullName}}/proxy;
          fastcgi_temp_path {{_folder.FullName}}/fastcgi;
          uwsgi_temp_path {{_folder.FullName}}/uwsgi;
          scgi_temp_path {{_folder.FullName}}/scgi;
          server {
            listen 127.0.0.1:{{port}};
            listen [::1]:{{port}};
            root {{Content}};
            location /chunked/ { alias {{Content}}/; ssi on; ssi_types *; }
            location /close/ { alias {{Content}}/; ssi on; ssi_types *; chunked_transfer_encoding off; }
            location /gzip/ { alias {{Content}}/; gzip on; gzip_min_length 1; gzip_types *; }
            location /slow/ { rewrite_log on; rewrite ^/slow/(.*)$ /$1 break; limit_rate 64k; }
            location = /301 { return 301 /302; }
            location = /302 { absolute_redirect off; return 302 /303; }
            location = /303 { return 303 http://localhost:{{port}}/307; }
            location = /307 { return 307 http://[::1]:{{port}}/308; }
            location = /308 { return 308 http://127.0.0.1:{{port}}/file; }
            location = /loop { return 302 /loop; }
            location = /https { return 301 https://127.0.0.1/file; }
            location /endless { rewrite ^/endless(.*)$ /endless$1x redirect; }
            location = /secret { if ($http_authorization = "") { return 401; } return 200 "told"; }
            {{(upstream is null ? string.Empty : $"location /proxy/ {{ proxy_pass http://{upstream}/; }}")}}
          }
        }

        """);
}
