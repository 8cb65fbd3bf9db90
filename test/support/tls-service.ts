import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';

// Of nobody but these tests: self-signed, for 127.0.0.1.
export const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg81XRzRbyZLvhwl1b
zmCzv6EhxUeA/b+tUr38zQUamfmhRANCAAQywGzNeqNiNmAVOUB2w36ir2GGkHXp
gwadJuL4lcd9/hETPlOpNaJIhtT3L1K6uRREdRORz+TZvoLMKC+BxnS2
-----END PRIVATE KEY-----`;

export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUUQGD6FIyKwNvrPRdoQH1jll+5s8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNjAwNDMxMloYDzIxMjYxMTAy
MDA0MzEyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQywGzNeqNiNmAVOUB2w36ir2GGkHXpgwadJuL4lcd9/hETPlOpNaJI
htT3L1K6uRREdRORz+TZvoLMKC+BxnS2o28wbTAdBgNVHQ4EFgQUsslqKh3hUzEz
e8Ycw0wFcwJCBxQwHwYDVR0jBBgwFoAUsslqKh3hUzEze8Ycw0wFcwJCBxQwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgYieN6liqTLVYDvCYaf6EiNFqLew8oz5O4kZP3XYyOIYCIQDS
h0rWN4kBZ42lULntc9avEguMldOhmi3HmYv/a8SNbA==
-----END CERTIFICATE-----`;

/** Takes calls over TLS, with a certificate that nobody trusts. */
export class TlsService {
  /** What was written to it, as it came. */
  received = '';

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<TlsService> {
    const server = createServer({ key: KEY, cert: CERTIFICATE }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const service = new TlsService(server, `https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('tlsClientError', () => undefined);
    server.on('secureConnection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (data: Buffer) => {
        service.received += data.toString();
        socket.end('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      });
    });
    return service;
  }

  stop(): void {
    this.server.close();
  }
}
