import { createSocket } from 'node:dgram';
import type { AddressInfo } from 'node:net';
import { createHostResolver } from './resolve-host.ts';

/** A name server that answers questions for A and AAAA with these addresses, or not at all. */
async function openNameServer(answers?: { 1: number[][]; 28: number[][] }) {
  const socket = createSocket('udp4');
  let questions = 0;
  socket.on('message', (question, { address, port }) => {
    questions += 1;
    if (!answers) return;
    // The name ends at the first zero after the header of 12 bytes; type and class follow.
    const end = question.indexOf(0, 12) + 5;
    const type = question.readUInt16BE(end - 4) as 1 | 28;
    const header = Buffer.from(question.subarray(0, 12));
    header.writeUInt16BE(0x8180, 2);
    header.writeUInt16BE(answers[type].length, 6);
    header.writeUInt16BE(0, 10);
    const records = answers[type].map((data) =>
      Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, data.length, ...data]),
    );
    socket.send(Buffer.concat([header, question.subarray(12, end), ...records]), port, address);
  });
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    server: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    questions: () => questions,
    close: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}

describe('resolving a host', () => {
  const never = new AbortController().signal;
  const v6 = [0x26, 0x06, 0x47, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x11];

  it('gives every address, of both versions', async () => {
    const names = await openNameServer({
      1: [
        [192, 0, 2, 1],
        [10, 0, 0, 1],
      ],
      28: [v6],
    });
    const addresses = await createHostResolver([names.server])('app.example', never);
    expect(addresses.sort()).toEqual(['10.0.0.1', '192.0.2.1', '2606:4700::1111']);
    await names.close();
  });

  it('is content with one version, and fails with none', async () => {
    const names = await openNameServer({ 1: [[192, 0, 2, 1]], 28: [] });
    expect(await createHostResolver([names.server])('app.example', never)).toEqual(['192.0.2.1']);
    await names.close();
    const empty = await openNameServer({ 1: [], 28: [] });
    await expect(createHostResolver([empty.server])('app.example', never)).rejects.toThrow(/ENODATA/);
    await empty.close();
  });

  it('ends when it is told to', async () => {
    const silent = await openNameServer();
    const controller = new AbortController();
    const answer = createHostResolver([silent.server])('app.example', controller.signal);
    while (silent.questions() === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(answer).rejects.toThrow(/ECANCELLED/);
    await expect(createHostResolver([silent.server])('app.example', controller.signal)).rejects.toThrow(/abort/i);
    await silent.close();
  });
});
