/** What the variables in the examples of sources and sinks may be set to. */
export const EXAMPLE_VARIABLES = {
  SUPERVIZ_CLIENT_ID: 'id',
  SUPERVIZ_SECRET: 'secret',
  PLATFORM_TOKEN: 'token',
  SLACK_WEBHOOK_URL: 'https://hooks.slack.com/services/a',
  DISCORD_WEBHOOK_URL: 'https://discord.com/api/webhooks/1/a',
  TEAMS_WORKFLOW_URL: 'https://prod-1.westeurope.logic.azure.com/workflows/x?sig=y',
  TELEGRAM_TOKEN: '123456:a',
  NTFY_TOPIC: 'recordings-7bQx',
  SMTP_URL: 'smtp://user:password@mail.example.com',
  WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
} as const;
