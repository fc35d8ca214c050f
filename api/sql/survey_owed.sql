-- What every object of a round owes, and how much of it is there. %(round)s %(block)s narrows it.
SELECT object.id, object.code, object.name, object.block_code, survey.required,
       least(coalesce(response.answered, 0), survey.required) AS answered,
       response.completed_at
FROM survey_round AS survey
JOIN (
    SELECT 'industrial_park' AS kind, id, code, name, block_code FROM industrial_park
    UNION ALL SELECT 'urban_village', id, code, name, block_code FROM urban_village
) AS object ON object.kind = survey.kind
LEFT JOIN survey_response AS response ON response.round_id = survey.id AND response.object_id = object.id
WHERE survey.id = %(round)s
  AND (survey.block_code IS NULL OR starts_with(object.block_code, survey.block_code))
  AND (%(block)s::text IS NULL OR starts_with(object.block_code, %(block)s))
ORDER BY object.block_code, object.id
