"""Which seats a pass may take, and when: black-out calendars, bid prices, protection levels."""
