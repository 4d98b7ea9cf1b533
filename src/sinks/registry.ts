import { archive } from './archive.js';
import type { SinkDefinition } from './define.js';
import { discord } from './discord.js';
import { email } from './email.js';
import { exec } from './exec.js';
import { file } from './file.js';
import { ntfy } from './ntfy.js';
import { slack } from './slack.js';
import { stdout } from './stdout.js';
import { teams } from './teams.js';
import { telegram } from './telegram.js';
import { webhook } from './webhook.js';

export const SINK_TYPES: readonly SinkDefinition[] = [
  webhook,
  slack,
  discord,
  teams,
  telegram,
  ntfy,
  email,
  stdout,
  file,
  exec,
  archive,
];
