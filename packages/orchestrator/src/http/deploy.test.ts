import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TestServer } from './testing.ts';

const dashboard = readFileSync(new URL('../../../../deploy/grafana-dashboard.json', import.meta.url), 'utf8');

describe("Grafana's dashboard", () => {
  it('asks for nothing that the server does not measure', async () => {
    await using server = await TestServer.start();
    const measured = (await server.ask('/metrics')).body.toString();
    const asked = new Set(dashboard.match(/murmuration_\w+/g));
    expect(asked.size).toBeGreaterThan(15);
    const unknown = [...asked].filter((name) => !measured.includes(`# TYPE ${name} `));
    expect(unknown).toEqual([]);
  });
});
