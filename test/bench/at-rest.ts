/** What the program loaded, as its URLs, and nothing else: what of its memory is code. */

const [, , apiUrl = '', ...urls] = process.argv;
for (const url of urls) await import(url);
const { request } = await import('undici');
const { body } = await request(`${apiUrl}/recording?take=100`, { headers: { client_id: 'client', secret: 'secret' } });
JSON.parse(await body.text());
process.send?.(process.memoryUsage.rss());
