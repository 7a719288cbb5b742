#include "address.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

bool address_parse(const char *text, struct address *out)
{
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || colon[1] == '\0')
        return false;

    const char *start = text;
    size_t length = (size_t)(colon - text);
    if (start[0] == '[' && start[length - 1] == ']') {
        start++;
        length -= 2;
    }

    char host[ADDRESS_TEXT];
    if (length == 0 || length >= sizeof host)
        return false;
    memcpy(host, start, length);
    host[length] = '\0';

    struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
        .ai_socktype = SOCK_STREAM,
    };
    struct addrinfo *found;
    if (getaddrinfo(host, colon + 1, &hints, &found) != 0)
        return false;
    memcpy(&out->storage, found->ai_addr, found->ai_addrlen);
    out->length = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

void address_format(const struct address *address, char *text)
{
    char host[64], port[8];
    int failed = getnameinfo((const struct sockaddr *)&address->storage, address->length, host, sizeof host, port,
                             sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    if (failed)
        snprintf(text, ADDRESS_TEXT, "?");
    else if (address->storage.ss_family == AF_INET6)
        snprintf(text, ADDRESS_TEXT, "[%s]:%s", host, port);
    else
        snprintf(text, ADDRESS_TEXT, "%s:%s", host, port);
}
