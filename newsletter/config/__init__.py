"""The project folder of an organisation: `newsletter.toml` and the environment, read into `Config`.

- pydantic checks the file (`settings`), because it finds every fault in one pass; `faults` turns what it
  found into lines for people, with the likely slip.
- Any setting can be overridden from the environment (`environment`). pydantic-settings cannot address one
  element of a list of tables, which feeds and newsletters are, so those forty lines are ours.
- `design` makes one look of an accent and of whatever else is set, and refuses colours that cannot be read.
  Its faults are told with all others, so they are found in the table as it stands.
- The file holds no secret. `password_env` and `password_file` name one, and it is read when it is needed.
"""

from newsletter.config.load import CONFIG_NAME, Config, load_config
from newsletter.config.settings import NewsletterSettings, SmtpSettings
from newsletter.config.shipped import shipped_folder

__all__ = ["CONFIG_NAME", "Config", "NewsletterSettings", "SmtpSettings", "load_config", "shipped_folder"]
