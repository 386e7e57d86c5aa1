using System;
using System.Buffers;
using System.Linq;
using System.Net;
using System.Net.Http;
using System.Net.Security;
using System.Text;

/// .NET's own NTLM on one connection to a WinRM service: logs in, asks once, and gives the status and the answer.
/// tests/it/foreign_logins.rs runs it in PowerShell.
public static class NegotiateClient
{
    const string Sealed = "application/HTTP-SPNEGO-session-encrypted";

    public static string Ask(string url, string user, string password, string scheme, string level, string request)
    {
        AppContext.SetSwitch("System.Net.Security.UseManagedNtlm", true);
        var names = user.Split('\\');
        var options = new NegotiateAuthenticationClientOptions
        {
            Package = "NTLM",
            Credential = new NetworkCredential(names[1], password, names[0]),
            TargetName = "HTTP/127.0.0.1",
            RequiredProtectionLevel = Enum.Parse<ProtectionLevel>(level),
        };
        using var authentication = new NegotiateAuthentication(options);
        using var handler = new SocketsHttpHandler { MaxConnectionsPerServer = 1, UseCookies = false };
        using var client = new HttpClient(handler);
        HttpResponseMessage answer = null;
        string incoming = null;
        while (!authentication.IsAuthenticated)
        {
            var token = authentication.GetOutgoingBlob(incoming, out var code);
            if (code > NegotiateAuthenticationStatusCode.ContinueNeeded) return $"{code}";
            if (token == null) break;
            var leg = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(new byte[0]) };
            leg.Headers.TryAddWithoutValidation("Authorization", $"{scheme} {token}");
            answer = client.Send(leg);
            answer.Content.ReadAsByteArrayAsync().Wait();
            incoming = answer.Headers.WwwAuthenticate.Where(header => header.Scheme == scheme).Select(header => header.Parameter).FirstOrDefault();
            if (answer.StatusCode == HttpStatusCode.Unauthorized && incoming == null) return "401";
            if (incoming == null) break;
        }
        var asks = new HttpRequestMessage(HttpMethod.Post, url);
        var plain = Encoding.UTF8.GetBytes(request);
        if (level == "EncryptAndSign")
        {
            var wrapped = new ArrayBufferWriter<byte>();
            authentication.Wrap(plain, wrapped, true, out var isEncrypted);
            if (!isEncrypted) return "not encrypted";
            var head = $"--Encrypted Boundary\r\nContent-Type: {Sealed}\r\nOriginalContent: type=application/soap+xml;charset=UTF-8;Length={plain.Length}\r\n--Encrypted Boundary\r\nContent-Type: application/octet-stream\r\n";
            var body = Encoding.ASCII.GetBytes(head).Concat(new byte[] { 16, 0, 0, 0 }).Concat(wrapped.WrittenSpan.ToArray()).Concat(Encoding.ASCII.GetBytes("--Encrypted Boundary--\r\n")).ToArray();
            asks.Content = new ByteArrayContent(body);
            asks.Content.Headers.TryAddWithoutValidation("Content-Type", $"multipart/encrypted;protocol=\"{Sealed}\";boundary=\"Encrypted Boundary\"");
        }
        else
        {
            asks.Content = new ByteArrayContent(plain);
            asks.Content.Headers.TryAddWithoutValidation("Content-Type", "application/soap+xml;charset=UTF-8");
        }
        answer = client.Send(asks);
        var bytes = answer.Content.ReadAsByteArrayAsync().Result;
        if (level == "EncryptAndSign")
        {
            var text = Encoding.Latin1.GetString(bytes);
            var marker = "octet-stream\r\n";
            var begin = text.IndexOf(marker, StringComparison.Ordinal) + marker.Length + 4;
            var end = text.LastIndexOf("--Encrypted Boundary--", StringComparison.Ordinal);
            if (begin < marker.Length + 4 || end < begin) return $"{(int)answer.StatusCode} not a sealed answer";
            var opened = new ArrayBufferWriter<byte>();
            var status = authentication.Unwrap(bytes.AsSpan(begin, end - begin), opened, out var wasEncrypted);
            if (status != NegotiateAuthenticationStatusCode.Completed || !wasEncrypted) return $"unwrap: {status}";
            bytes = opened.WrittenSpan.ToArray();
        }
        return $"{(int)answer.StatusCode} {Encoding.UTF8.GetString(bytes)}";
    }
}
