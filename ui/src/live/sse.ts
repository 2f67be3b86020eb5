// Reads the text/event-stream format from arbitrary pieces of text.
// Source: WHATWG HTML, "Server-sent events" (event, data, id, comments; CR, LF and CRLF line ends).

export interface StreamEvent {
  event: string;
  data: string;
  id: string | null;
}

/** A line longer than this cannot be ours; the stream is given up instead of growing without end. */
export const kMaxLineChars = 1_000_000;

export class EventParser {
  private buffer = '';
  private afterCr = false;
  private event = '';
  private data: string[] = [];
  private id: string | null = null;

  constructor(private readonly emit: (e: StreamEvent) => void) {}

  /** Returns false if the stream is not one we can read. */
  push(text: string): boolean {
    if (text === '') return true;
    // A CR at the end of one piece and an LF at the start of the next are one line end.
    this.buffer += this.afterCr && text.startsWith('\n') ? text.slice(1) : text;
    this.afterCr = text.endsWith('\r');
    const lines = this.buffer.split(/\r\n|\r|\n/);
    this.buffer = lines.pop() ?? '';
    for (const line of lines) this.line(line);
    return this.buffer.length <= kMaxLineChars;
  }

  private line(line: string): void {
    if (line === '') return this.dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.id = value;
  }

  private dispatch(): void {
    if (this.data.length > 0) this.emit({ event: this.event || 'message', data: this.data.join('\n'), id: this.id });
    this.event = '';
    this.data = [];
  }
}
