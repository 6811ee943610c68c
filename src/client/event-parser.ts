/** An event as it was received. */
export interface ReceivedEvent {
  /** `message` for one without a name. */
  readonly event: string;
  readonly data: string;
}

export interface EventParser {
  /** Takes the next characters, cut anywhere. @returns the events that they complete */
  push(text: string): ReceivedEvent[];
}

/**
 * Parses server-sent events (WHATWG HTML, 9.2.6): a byte-order mark is skipped, lines end with LF, CR or CRLF, an empty line ends an event, lines
 * that begin with a colon are comments, several lines of data are joined, and an event without data is none. An
 * event that the stream does not complete is dropped.
 */
export function createEventParser(): EventParser {
  let line = '';
  let begun = false;
  // an LF that follows belongs to it
  let endedWithCr = false;
  let name = '';
  let data: string[] = [];

  function takeLine(complete: string, events: ReceivedEvent[]): void {
    if (complete === '') {
      if (data.length > 0) events.push({ event: name === '' ? 'message' : name, data: data.join('\n') });
      name = '';
      data = [];
      return;
    }
    const colon = complete.indexOf(':');
    const field = colon === -1 ? complete : complete.slice(0, colon);
    const value = colon === -1 ? '' : complete.slice(colon + (complete[colon + 1] === ' ' ? 2 : 1));
    if (field === 'data') data.push(value);
    else if (field === 'event') name = value;
  }

  return {
    push(received) {
      const events: ReceivedEvent[] = [];
      const text = !begun && received.startsWith('\ufeff') ? received.slice(1) : received;
      begun ||= received !== '';
      let start = endedWithCr && text.startsWith('\n') ? 1 : 0;
      if (text !== '') endedWithCr = text.endsWith('\r');
      const ends = /\r\n|\n|\r/g;
      ends.lastIndex = start;
      for (let end = ends.exec(text); end; end = ends.exec(text)) {
        takeLine(line + text.slice(start, end.index), events);
        line = '';
        start = ends.lastIndex;
      }
      line += text.slice(start);
      return events;
    },
  };
}
