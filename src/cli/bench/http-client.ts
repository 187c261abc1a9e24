import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export type Answered = { status: number; body: string };

/**
 * One kept-alive HTTP/1.1 connection that asks one thing at a time. Far cheaper than a full client, so that the
 * generator does not take the cores it measures. Understands only answers with a Content-Length.
 */
export class Connection {
  private readonly socket: Socket;
  private parts: Buffer[] = [];
  private length = 0;
  /** Bytes the answer in hand has in all, once its head was read. */
  private expected = -1;
  private headEnd = 0;
  private resolve: ((answer: Answered) => void) | undefined;
  private reject: ((error: Error) => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (data: Buffer) => this.take(data));
    socket.on('error', (error) => this.reject?.(error));
    socket.on('close', () => this.reject?.(new Error('the server closed the connection')));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Connection(socket);
  }

  send(request: string): Promise<Answered> {
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      this.socket.write(request);
    });
  }

  close(): void {
    this.reject = undefined;
    this.socket.destroy();
  }

  private take(data: Buffer): void {
    this.parts.push(data);
    this.length += data.length;
    if (this.expected === -1) this.readHead();
    if (this.expected === -1 || this.length < this.expected) return;
    const all = Buffer.concat(this.parts);
    this.parts = [];
    this.length = 0;
    this.expected = -1;
    this.resolve?.({
      status: Number(all.toString('latin1', 9, 12)),
      body: all.toString('utf8', this.headEnd),
    });
  }

  private readHead(): void {
    const bytes = Buffer.concat(this.parts);
    const end = bytes.indexOf('\r\n\r\n');
    if (end === -1) return;
    const length = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end))?.[1];
    if (length === undefined) this.reject?.(new Error('an answer without Content-Length'));
    this.headEnd = end + 4;
    this.expected = this.headEnd + Number(length);
  }
}

/** The text of a request; a body is JSON. */
export const requestText = (method: string, path: string, token: string, body?: string): string => {
  const head = `${method} ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${token}\r\n`;
  if (body === undefined) return `${head}\r\n`;
  return `${head}content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
};
