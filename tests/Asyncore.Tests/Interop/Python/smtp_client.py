"""Sends mail with smtplib, in every way it has, and checks what the server says to it."""

import smtplib
import sys
from email.message import EmailMessage

from peer import family_and_address

host, port = family_and_address(sys.argv[1])[1]
sender, recipient = 'a@example.org', 'b@example.org'

# EHLO, its extensions, several messages in a session, a dot at the beginning of a line.
with smtplib.SMTP(host, port) as client:
    client.ehlo('client.example')
    assert client.has_extn('size') and client.has_extn('8bitmime') and client.has_extn('smtputf8')
    assert client.esmtp_features['size'] == '33554432', client.esmtp_features
    assert client.verify('someone')[0] == 252
    assert client.help().startswith(b'Supported commands')
    assert client.noop()[0] == 250
    assert client.docmd('EHLO', 'again')[0] == 503
    assert client.sendmail(sender, [recipient, 'c@example.org'], b'1\r\n', ['BODY=8BITMIME']) == {}
    assert client.sendmail(sender, [recipient], '..two\n.\n') == {}

# HELO alone.
with smtplib.SMTP(host, port) as client:
    client.helo('client.example')
    assert client.sendmail('', recipient, b'2\r\n') == {}

# SMTPUTF8, header and addresses.
message = EmailMessage()
message['From'] = 'j\u00f6rg@b\u00fccher.example'
message['To'] = recipient
message['Subject'] = 'gr\u00fc\u00dfe'
message.set_content('x')
with smtplib.SMTP(host, port) as client:
    assert client.send_message(message) == {}

# Refusals, after which the session goes on.
with smtplib.SMTP(host, port) as client:
    for error, arguments in (
            (smtplib.SMTPSenderRefused, ('<a@', [recipient], b'x', ['FROB=1'])),
            (smtplib.SMTPSenderRefused, (sender, [recipient], b'x', ['SIZE=33554433'])),
            (smtplib.SMTPRecipientsRefused, (sender, ['<b@'], b'x'))):
        try:
            client.sendmail(*arguments)
        except error:
            pass
        else:
            raise AssertionError('%s: not refused' % (arguments,))
    refused = client.sendmail(sender, ['<b@', recipient], b'3\r\n')
    assert list(refused) == ['<b@'] and refused['<b@'][0] == 501, refused

print('done', flush=True)
