-- Incidents in the order of their severities, and those that have action items, all of them and what is still to be done.
CREATE INDEX incident_severity ON incident ((coalesce(severity, 'unset')), (-number));
CREATE INDEX incident_with_actions ON incident (number) WHERE json_array_length(state -> 'actions') > 0;
CREATE INDEX incident_with_unfinished_actions ON incident (number)
    WHERE jsonb_path_exists((state -> 'actions')::jsonb, '$[*] ? (@.state == "open" || @.state == "in_progress")');
