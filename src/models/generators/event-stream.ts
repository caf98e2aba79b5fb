/** Takes the pieces of a stream of server-sent events; calls back with the data of each event. */
export function eventReader(onData: (data: string) => void): (piece: Buffer) => void {
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  return (piece) => {
    const lines = (rest + decoder.decode(piece, { stream: true })).split(/\r?\n/);
    rest = lines.pop()!;
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) onData(data.join('\n'));
        data = [];
      } else if (line.startsWith('data:')) data.push(line.slice(line[5] === ' ' ? 6 : 5));
    }
  };
}
